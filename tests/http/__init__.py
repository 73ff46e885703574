# noqa: A005 - named after src/casekeep/http, and never on the path by itself
