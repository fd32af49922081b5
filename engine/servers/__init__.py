"""Model servers: started, watched and asked."""
