"""The JSON of the API: request bodies and responses.

The OpenAPI document shows the docstrings of these classes to users; reasons are in comments.
"""
