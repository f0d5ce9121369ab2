"""The JSON of the API: what bodies may say, and what answers look like.

The docstrings of these classes are read by the API's users, in the OpenAPI document; reasons stand in comments.
"""
