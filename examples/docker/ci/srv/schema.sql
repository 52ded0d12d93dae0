CREATE TABLE notes (id serial PRIMARY KEY, words text NOT NULL);
