"""What is handed in becomes a job: of the submitted documents, those that need work are queued.

Nothing is read by a model here; an `estimate` says what that would cost.
"""
