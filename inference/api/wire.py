"""What all messages of the wire have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Wire(BaseModel):
    """A message: it is not changed, and has no field that is not in the contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)


GenreName = Annotated[str, StringConstraints(max_length=64)]
ShortText = Annotated[str, StringConstraints(max_length=32)]
FormText = Annotated[str, StringConstraints(max_length=200)]
