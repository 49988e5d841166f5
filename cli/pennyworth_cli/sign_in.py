"""From an address and a password to tokens, through whatever Cognito asks on the way."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

from pennyworth_cli.cognito import Cognito, CognitoFailure
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.srp import DishonestServerError, Exchange

_ATTEMPTS = 3  # at a code or a new password, where a person can try again
_MISTYPED = {"CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"}
_UNFIT = {"InvalidPasswordException", "PasswordHistoryPolicyViolationException"}

Answer = dict[str, Any]


class Person(Protocol):
    """Who is asked."""

    can_retry: bool  # whether asking again makes sense

    def secret(self, label: str) -> str: ...
    def line(self, label: str) -> str: ...
    def tell(self, text: str) -> None: ...


class SignIn:
    """`pool_id` with its Region. Every method may raise Failure."""

    def __init__(self, cognito: Cognito, pool_id: str, person: Person) -> None:
        self._cognito, self._person = cognito, person
        self._pool_name = pool_id.partition("_")[2]
        self._email = ""
        self._challenges: dict[str, Callable[[Answer, str], Answer]] = {
            "NEW_PASSWORD_REQUIRED": self._new_password,
            "SOFTWARE_TOKEN_MFA": self._code,
            "MFA_SETUP": self._setup,
        }

    def result(self, email: str, password: str) -> Answer:
        """Cognito's AuthenticationResult."""
        self._email = email
        exchange = Exchange(self._pool_name)
        answer = self._cognito.initiate("USER_SRP_AUTH", USERNAME=email, SRP_A=exchange.srp_a)
        user_id = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", "")
        answer = self._proved(exchange, answer, password)
        while "ChallengeName" in answer:
            name = answer["ChallengeName"]
            if name not in self._challenges:
                raise Failure(f"Cognito asks for {name}, which this program does not know.", Code.FAILED)
            answer = self._challenges[name](answer, user_id)
        found: Answer = answer["AuthenticationResult"]
        return found

    def _proved(self, exchange: Exchange, challenge: Answer, password: str) -> Answer:
        if challenge.get("ChallengeName") != "PASSWORD_VERIFIER":
            raise Failure("Cognito did not ask for a proof of the password. Nothing was sent.", Code.FAILED)
        try:
            proof = exchange.proof(challenge["ChallengeParameters"], password)
        except (DishonestServerError, KeyError, ValueError):
            raise Failure(
                "The sign-in's server sent what no honest one sends. Nothing was sent to it. Check the endpoint.",
                Code.FAILED,
            ) from None
        return self._cognito.respond("PASSWORD_VERIFIER", challenge.get("Session"), proof)

    def _new_password(self, challenge: Answer, user_id: str) -> Answer:
        self._person.tell(
            "The password is a temporary one. Choose your own: at least 12 characters, upper and lower case and digits."
        )

        def attempt() -> Answer:
            password = self._person.secret("New password")
            if self._person.can_retry and password != self._person.secret("New password again"):
                raise _Again("The two are not the same.")
            try:
                given = {"USERNAME": user_id, "NEW_PASSWORD": password}
                return self._cognito.respond("NEW_PASSWORD_REQUIRED", challenge["Session"], given)
            except CognitoFailure as failure:
                if failure.aws_code in _UNFIT:
                    raise _Again(failure.said or "Cognito does not take this password.") from None
                raise

        return self._retried(attempt)

    def _code(self, challenge: Answer, user_id: str) -> Answer:
        def attempt() -> Answer:
            given = {"USERNAME": user_id, "SOFTWARE_TOKEN_MFA_CODE": one_time_code(self._person)}
            return self._cognito.respond("SOFTWARE_TOKEN_MFA", challenge["Session"], given)

        return self._retried(attempt)

    def _setup(self, challenge: Answer, user_id: str) -> Answer:
        if "SOFTWARE_TOKEN_MFA" not in str(challenge.get("ChallengeParameters", {}).get("MFAS_CAN_SETUP", "")):
            raise Failure("Cognito wants a second factor that this program cannot set up.", Code.FAILED)
        begun = self._cognito.associate(Session=challenge["Session"])
        show_secret(self._person, self._email, begun["SecretCode"])

        def attempt() -> Answer:
            return self._cognito.verify(one_time_code(self._person), Session=begun["Session"])

        verified = self._retried(attempt)
        return self._cognito.respond("MFA_SETUP", verified["Session"], {"USERNAME": user_id})

    def _retried(self, attempt: Callable[[], Answer]) -> Answer:
        return retried(self._person, attempt)


class _Again(Failure):
    def __init__(self, message: str) -> None:
        super().__init__(message, Code.WRONG)


def retried(person: Person, attempt: Callable[[], Answer]) -> Answer:
    """What a person typed wrong they may type again, three times in all. Raises Failure."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            return attempt()
        except Failure as failure:
            slip = isinstance(failure, _Again) or getattr(failure, "aws_code", "") in _MISTYPED
            if not slip or not left or not person.can_retry:
                raise
            person.tell(str(failure))
    raise AssertionError  # the last attempt returned or raised


def one_time_code(person: Person) -> str:
    """Six digits. Raises Failure, which a person may correct."""
    code = person.line("One-time code").replace(" ", "")
    if not (len(code) == 6 and code.isascii() and code.isdecimal()):
        raise _Again("A one-time code has six digits.")
    return code


def show_secret(person: Person, email: str, secret: str) -> None:
    """For an authenticator app; shown this once. Source of the form: Google Authenticator's Key URI Format."""
    person.tell("Add this to an authenticator app, as a QR code or by hand, and type the code that it shows:")
    person.tell(f"  otpauth://totp/Pennyworth:{quote(email)}?secret={secret}&issuer=Pennyworth")
    person.tell(f"  secret: {secret}")
