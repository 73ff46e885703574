"""The synthetic clinic: a seeded plan, the makers of its files, and the loader that plays the plan
through the real rooms. Nobody in it exists. Nothing outside imports it unless the demo is loaded.
"""
