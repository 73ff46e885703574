"""The form in which content is sealed: Tink's AES-GCM-HKDF streaming AEAD, and nothing else."""
