"""Brings files into a case from a folder or a ZIP, by hand of the operator."""
