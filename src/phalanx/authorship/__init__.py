"""Was this text or code written by a model: calibrated against documents that humans wrote.

    documents   what is asked about: files, lines of JSON, folders
    views       what of it is read, without what only a collection leaves
    features    what is counted: n-grams, form, compression
    detector    scores of a document
    fitting     a detector from documents of both kinds
    reference   cells of human documents, ranks among them, the gate against shift, the file
    served      what we served, as keyed numbers, and look-ups in it
    judging     what may be said of a document, and of all of them
    passages    where in a mixed document
    statement   all evidence about a text, what is surest first
    corpus      how much of a training set or a repository is what, told as clusters

`docs/adr/0067` says which null hypothesis is tested.
"""
