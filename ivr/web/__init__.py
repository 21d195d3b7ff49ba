"""The pages and the API: sign-in, roles, audit."""
