"""What finds when in a clip its claims are heard."""
