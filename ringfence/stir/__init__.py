"""Certificates of whoever signs calls: fetched with care, remembered, and what they prove of a call told in time."""
