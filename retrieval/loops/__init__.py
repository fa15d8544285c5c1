"""The inner loops: what would take NumPy many passes, copies, or arrays of the whole corpus.

They are compiled (`compiled`) for arrays that may lie in a snapshot's mapped files, each file when
it is imported. Nothing is imported here, so that they can be compiled a file at a time; and no loop
knows more of the other rooms than what their arrays are called.
"""
