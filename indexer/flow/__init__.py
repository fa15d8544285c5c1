"""Indexing by many workers: the steps as messages, and those who see that none is lost for good.

    prepare   takes documents from the store's queue, cuts their passages into batches   (commit)
    extract   one batch: asks the model, saves each answer at once                       (extract)
    commit    brings documents in whose passages are all extracted                       (commit)
    embed     puts into the cache of embeddings what a snapshot will need                (embed)
    publish   makes and publishes a snapshot, once per burst                             (embed)

In brackets the queue that each is sent to. All state is in the store: any message may be lost, come
late, or come twice. What nobody does any more is found and sent again (`Keeper`, `Sweeper`).
"""
