"""Puts the first notes into the database."""
import psycopg2

with psycopg2.connect("") as connection, connection.cursor() as cursor:
    cursor.execute("INSERT INTO notes (text, author) VALUES ('The first note', 'admin'), ('The second', 'admin')")
print("two notes")
