"""The one door to PostgreSQL: transactions with a tenant scope, migrations, roles."""
