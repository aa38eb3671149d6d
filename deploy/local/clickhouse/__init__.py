"""The ClickHouse engine of `chdb` behind the native protocol and HTTP. README.md beside this file has the whole picture."""
