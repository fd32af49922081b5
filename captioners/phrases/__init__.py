"""Class names of data sets, and the noun phrases that captions say for them."""
