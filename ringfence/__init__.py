"""The node: the settings of ringfence.yaml, what is live, and the processes made of the other packages.

The composition root, named as the product: `python -m ringfence`.
"""
