"""How fast captions become a release, beside DuckDB and Polars doing the same by plans of their own."""
