"""The desk of a gateway: requests are admitted, decided, remembered, counted and written down."""
