"""The schema of the database, one SQL file for each step; a file that was released is never changed."""
