"""A storage that is no folder of this machine, as far as those can tell who use it."""

from __future__ import annotations

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage


class ObjectStore(Storage):
    """Goes by the calls that S3 storage has: no `path`, saving replaces, a folder is what the names of files begin with."""

    def __init__(self, location: str) -> None:
        self.files = FileSystemStorage(location, allow_overwrite=True)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        return self.files.open(name, mode)

    def _save(self, name: str, content: File) -> str:
        content.seek(0)  # as S3's client does, which sends a part again if the line drops
        return self.files.save(name, content)

    def delete(self, name: str) -> None:
        if self.exists(name):
            self.files.delete(name)

    def exists(self, name: str) -> bool:
        return self.files.exists(name) and not self._is_folder(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        if not self._is_folder(path):
            return [], []
        folders, files = self.files.listdir(path)
        return [folder for folder in folders if any(self.listdir(f"{path}/{folder}".lstrip("/")))], files

    def _is_folder(self, name: str) -> bool:
        try:
            self.files.listdir(name)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True
