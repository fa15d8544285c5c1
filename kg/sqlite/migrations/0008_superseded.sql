-- Tasks may be 'superseded', a state that former versions cannot read: they are to refuse the file.

PRAGMA user_version = 8;
