"""Sends a file with tuspy, as its documentation says; started again it goes on."""

import os

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

client = TusClient(os.environ["TUS_URL"], headers={"Authorization": os.environ["TUS_AUTHORIZATION"]})
client.uploader(
    os.environ["TUS_FILE"],
    chunk_size=512 * 1024,
    metadata={"attachment": os.environ["TUS_ATTACHMENT"]},
    store_url=True,
    url_storage=FileStorage(os.environ["TUS_KEPT"]),
    retries=10,
    retry_delay=1,
    upload_checksum=True,
).upload()
