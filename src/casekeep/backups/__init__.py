"""Copies of everything the house keeps, outside of the house: taken, checked, thinned, restored."""
