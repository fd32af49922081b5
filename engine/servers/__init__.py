"""Model servers: started, watched, asked."""
