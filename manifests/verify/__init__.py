"""Does a workspace hold what its records say?"""
