"""Everything this stand-in remembers between requests."""

from dataclasses import dataclass, field

from local.bedrock.calls import Calls
from local.bedrock.faults import Faults
from local.bedrock.identities import Identities
from local.bedrock.scripts import Script
from local.bedrock.tokens import PromptCache


@dataclass
class Bedrock:
    identities: Identities | None = None  # None: access keys are anybody's
    calls: Calls = field(default_factory=Calls)
    faults: Faults = field(default_factory=Faults)
    cache: PromptCache = field(default_factory=PromptCache)
    script: Script | None = None
    # Application inference profiles and imported models by ARN, and the model or profile each was made of.
    own: dict[str, str] = field(default_factory=dict)
