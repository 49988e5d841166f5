"""OpenAI's Files and Uploads. What they need is imported with the first request."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.http import content, principal
from pennyworth.policy import authorize

if TYPE_CHECKING:
    from services.openai.files.form import Field
    from services.openai.files.shelf import Shelf
    from services.openai.files.uploads import Uploads
    from services.openai.store import Store

router = Router()  # type: ignore[no-untyped-call]
_PASSED_ON = 10_000_000  # bytes: API Gateway passes on no more than these at full speed
_URL_S = 60


@router.post("/files")
def create_file() -> dict[str, Any]:
    from services.openai.files.file import checked_name, checked_purpose, checked_seconds

    shelf = _shelf()
    fields = _form({"file", "purpose", "expires_after[anchor]", "expires_after[seconds]"})
    texts = {name: field.text(name) for name, field in fields.items() if name != "file"}
    purpose = checked_purpose(texts.get("purpose"))
    seconds = checked_seconds(texts.get("expires_after[anchor]"), texts.get("expires_after[seconds]"), "expires_after")
    file = _file(fields, "file")
    return shelf.add(checked_name(file.filename, "file"), purpose, file.content, seconds).object


@router.get("/files")
def list_files() -> dict[str, Any]:
    return _shelf().page(router.current_event.query_string_parameters or {})


@router.get("/files/<file_id>")
def retrieve_file(file_id: str) -> dict[str, Any]:
    return _shelf().find(file_id).object


@router.get("/files/<file_id>/content")
def retrieve_file_content(file_id: str) -> Response[Any]:
    """The bytes, as a file to keep and never to show; where they are many, the way to S3 itself."""
    store = _store()
    shelf = _shelf(store)
    file = shelf.find(file_id)
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
    if file.size > _PASSED_ON:
        url = store.presigned_get(file.key, file.disposition, _URL_S)
        return Response(302, "text/plain", "", headers=headers | {"location": url})
    headers["content-disposition"] = file.disposition
    return Response(200, "application/octet-stream", shelf.content(file), headers=headers)


@router.delete("/files/<file_id>")
def delete_file(file_id: str) -> dict[str, Any]:
    shelf = _shelf()
    shelf.remove(shelf.find(file_id))
    return {"id": file_id, "object": "file", "deleted": True}


@router.post("/uploads")
def create_upload() -> dict[str, Any]:
    return _uploads().begin(_object())


@router.post("/uploads/<upload_id>/parts")
def add_upload_part(upload_id: str) -> dict[str, Any]:
    """A part with its bytes as a form; or, asked for in JSON, a URL that takes them."""
    uploads = _uploads()
    if _content_type().lower().startswith("multipart/"):
        return uploads.add(upload_id, _file(_form({"data"}), "data").content)
    return uploads.promise(upload_id, _object())


@router.post("/uploads/<upload_id>/complete")
def complete_upload(upload_id: str) -> dict[str, Any]:
    return _uploads().complete(upload_id, _object())


@router.post("/uploads/<upload_id>/cancel")
def cancel_upload(upload_id: str) -> dict[str, Any]:
    return _uploads().cancel(upload_id)


def _store() -> "Store":
    from services.openai.store import store

    caller = principal(router.current_event.raw_event)
    authorize(caller, "inference")
    return store(caller)


def _shelf(store: "Store | None" = None) -> "Shelf":
    from services.openai.files.shelf import Shelf

    return Shelf(store or _store())


def _uploads() -> "Uploads":
    from services.openai.files.uploads import Uploads

    return Uploads(_store())


def _object() -> dict[str, Any]:
    from pennyworth.body import load

    return load(content(router.current_event.raw_event))


def _content_type() -> str:
    return router.current_event.headers.get("content-type") or ""


def _form(names: set[str]) -> dict[str, "Field"]:
    from services.openai.files.form import form

    body = content(router.current_event.raw_event) or b""
    fields = form(_content_type(), body.encode() if isinstance(body, str) else body)
    for name in fields.keys() - names:
        raise Problem("unsupported_parameter", param=name, reason="Leave it out.")
    return fields


def _file(fields: dict[str, "Field"], name: str) -> "Field":
    field = fields.get(name)
    if field is None:
        raise Problem("missing_required_parameter", param=name)
    if field.filename is None:
        raise Problem("invalid_value", param=name, reason="must be a file, with a file's name")
    return field
