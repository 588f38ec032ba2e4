"""The backend `local`: a registry file of `regsync.local`, read and written directly."""
