"""A client of both contracts for Python programs. It knows nothing of the house behind them."""
