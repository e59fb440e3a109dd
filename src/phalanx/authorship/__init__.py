"""Was this text or code written by a model: calibrated against documents that humans wrote.

`docs/adr/0067` says which null hypothesis is tested. The folders read as the pipeline does: views
of documents, features that are counted of them.
"""
