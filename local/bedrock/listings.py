"""The control plane: which models and inference profiles there are."""

from collections.abc import Mapping
from typing import Any

from local.bedrock.catalogue import ACCOUNT, MODELS, Model, profile_id, reaches, resolve
from local.bedrock.errors import AwsError, invalid, not_found
from local.bedrock.service import operation
from local.bedrock.shapes import parsed

DESTINATIONS = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-west-1", "eu-west-3"),
    "apac": ("ap-northeast-1", "ap-southeast-1", "ap-southeast-2"),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
}
CREATED = "2025-12-01T00:00:00Z"


def asked(operation_name: str, query: Mapping[str, str]) -> dict[str, Any]:
    """The members of a GET's query string, checked against the service model."""
    shape = operation(operation_name, "bedrock").input_shape
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        text = query.get(member.serialization.get("name", name))
        if text is not None:
            values[name] = int(text) if member.type_name == "integer" and text.isdigit() else text
    return parsed(values, shape)


def foundation_models(query: Mapping[str, str], region: str) -> dict[str, Any]:
    wanted = asked("ListFoundationModels", query)
    return {
        "modelSummaries": [
            summary(model, region) for model in MODELS.values() if model.is_in(region) and fits(model, wanted)
        ]
    }


def fits(model: Model, wanted: dict[str, Any]) -> bool:
    return (
        wanted.get("byProvider", model.provider).lower() == model.provider.lower()
        and "byCustomizationType" not in wanted
        and wanted.get("byOutputModality", model.output[0]) in model.output
        and (
            (wanted.get("byInferenceType", "ON_DEMAND") == "ON_DEMAND" and model.on_demand)
            or "byInferenceType" not in wanted
        )
    )


def model_arn(model: Model, region: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model.id}"


def summary(model: Model, region: str) -> dict[str, Any]:
    types = [*(["ON_DEMAND"] if model.on_demand else []), *(["INFERENCE_PROFILE"] if model.profiles else [])]
    return {
        "modelArn": model_arn(model, region),
        "modelId": model.id,
        "modelName": model.name,
        "providerName": model.provider,
        "inputModalities": list(model.input),
        "outputModalities": list(model.output),
        "responseStreamingSupported": model.can("stream"),
        "customizationsSupported": [],
        "inferenceTypesSupported": types,
        "modelLifecycle": {"status": "ACTIVE"},
    }


def foundation_model(identifier: str, region: str) -> dict[str, Any]:
    model, through_profile = found(identifier, region)
    if through_profile:
        raise invalid("The provided model identifier is invalid.")
    return {"modelDetails": summary(model, region)}


def found(identifier: str, region: str) -> tuple[Model, bool]:
    try:
        return resolve(identifier, region)
    except AwsError as error:
        raise not_found("Could not resolve the foundation model from the provided model identifier.") from error


def profiles(region: str) -> list[dict[str, Any]]:
    return [
        profile(model, geography, region)
        for model in MODELS.values()
        for geography in model.profiles
        if reaches(geography, region)
    ]


def profile(model: Model, geography: str, region: str) -> dict[str, Any]:
    name = profile_id(model, geography)
    regions = DESTINATIONS.get(geography, (region, ""))  # the empty Region in an ARN stands for all
    title = "Global" if geography == "global" else geography.upper()
    where = "all commercial Regions" if geography == "global" else ", ".join(regions)
    return {
        "inferenceProfileName": f"{title} {model.provider} {model.name}",
        "description": f"Routes requests to {model.provider} {model.name} in {where}.",
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "inferenceProfileArn": f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{name}",
        "models": [{"modelArn": model_arn(model, one)} for one in regions],
        "inferenceProfileId": name,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def inference_profiles(query: Mapping[str, str], region: str) -> dict[str, Any]:
    """A page; its `nextToken` is the number of the first profile of the next."""
    wanted = asked("ListInferenceProfiles", query)
    every = profiles(region) if wanted.get("typeEquals") != "APPLICATION" else []
    token = wanted.get("nextToken", "0")
    if not token.isdigit() or int(token) > len(every):
        raise invalid("The provided nextToken is invalid.")
    start = int(token)
    end = start + wanted.get("maxResults", len(every))
    page = {"inferenceProfileSummaries": every[start:end]}
    return page | ({"nextToken": str(end)} if end < len(every) else {})


def inference_profile(identifier: str, region: str) -> dict[str, Any]:
    names = {key: one for one in profiles(region) for key in (one["inferenceProfileId"], one["inferenceProfileArn"])}
    if identifier not in names:
        raise not_found("Could not find the inference profile from the provided identifier.")
    return names[identifier]
