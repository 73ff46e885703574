"""The `tink` package over a key of ours, to check the format by somebody else's code."""

import io

from tink import cleartext_keyset_handle, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, tink_pb2

_TEMPLATE = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB


class _Kept(io.BytesIO):
    """Tink closes what it wrote to, and what was written is still wanted."""

    def close(self) -> None:
        self.written = self.getvalue()
        super().close()


def tink_seal(key: bytes, content: bytes, bound: bytes) -> bytes:
    """`content` as Tink seals it."""
    sealed = _Kept()
    with _primitive(key).new_encrypting_stream(sealed, bound) as stream:
        for start in range(0, len(content), 1 << 20):
            stream.write(content[start : start + (1 << 20)])
    return sealed.written


def tink_open(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What Tink opens of `sealed`. Raises TinkError."""
    with _primitive(key).new_decrypting_stream(io.BytesIO(sealed), bound) as stream:
        return stream.read()


def _primitive(key: bytes) -> streaming_aead.StreamingAead:
    streaming_aead.register()
    shape = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKeyFormat.FromString(_TEMPLATE.value)
    ours = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0, params=shape.params, key_value=key
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=tink_pb2.KeyData(
            type_url=_TEMPLATE.type_url,
            value=ours.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=_TEMPLATE.output_prefix_type,
    )
    handle = cleartext_keyset_handle.from_keyset(keyset)
    return handle.primitive(streaming_aead.StreamingAead)
