"""What votes amount to: numpy and scipy, rows in and numbers out. Knows no table, no setting and no word of the application.

Every method takes codes (whole numbers from 0) for tasks and choices; the caller keeps what they stand for.
"""
