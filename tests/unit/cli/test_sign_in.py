"""What Cognito may ask on the way to tokens."""

import pytest

from local.aws import srp
from pennyworth_cli.cognito import CognitoFailure
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.sign_in import SignIn

EMAIL, PASSWORD, USER = "ada@example.com", "Correct-horse-7", "user-id"
TOKENS = {"AuthenticationResult": {"IdToken": "i", "AccessToken": "a", "RefreshToken": "r", "ExpiresIn": 3600}}


class Pool:
    """A user pool that proves the password for true, then asks `then`: (challenge, parameters) in turn. `refuse`: what
    it says to the next answers, by their challenge."""

    def __init__(self, *then, refuse=()):
        self.then, self.refuse, self.answers, self.exchange = list(then), list(refuse), [], None
        self.first = "PASSWORD_VERIFIER"

    def initiate(self, flow, USERNAME, SRP_A):  # noqa: N803 -- Cognito's names
        assert (flow, USERNAME) == ("USER_SRP_AUTH", EMAIL)
        self.exchange = srp.Exchange("Pool", USER, PASSWORD, SRP_A)
        asked = {"USER_ID_FOR_SRP": USER, "SALT": self.exchange.salt, "SRP_B": self.exchange.srp_b}
        asked |= {"SECRET_BLOCK": self.exchange.secret_block}
        return {"ChallengeName": self.first, "ChallengeParameters": asked}

    def respond(self, challenge, session, answers):
        self.answers.append((challenge, session, answers))
        if challenge == "PASSWORD_VERIFIER":
            claimed = (answers[f"PASSWORD_CLAIM_{part}"] for part in ("SIGNATURE", "SECRET_BLOCK"))
            if not self.exchange.proves(*claimed, answers["TIMESTAMP"]):
                raise CognitoFailure("NotAuthorizedException", "Incorrect username or password.")
        elif self.refuse:
            raise CognitoFailure(*self.refuse.pop(0))
        if not self.then:
            return TOKENS
        name, parameters = self.then.pop(0)
        return {"ChallengeName": name, "ChallengeParameters": parameters, "Session": f"session-{name}"}

    def associate(self, **proof):
        assert proof == {"Session": "session-MFA_SETUP"}
        return {"SecretCode": "JBSWY3DP", "Session": "associated"}

    def verify(self, code, **proof):
        assert proof == {"Session": "associated"}
        if code != "123456":
            raise CognitoFailure("EnableSoftwareTokenMFAException", "Code mismatch")
        return {"Status": "SUCCESS", "Session": "verified"}


class Typist:
    """Types what a test says; `told` is what was shown."""

    def __init__(self, *typed, can_retry=True):
        self.typed, self.told, self.can_retry = list(typed), [], can_retry

    def secret(self, label):
        return self.typed.pop(0)

    line = secret

    def tell(self, text):
        self.told.append(text)


def signed_in(pool, person, password=PASSWORD):
    return SignIn(pool, "eu-central-1_Pool", person).result(EMAIL, password)


def test_the_right_password_is_all_there_is_to_it():
    assert signed_in(Pool(), Typist()) == TOKENS["AuthenticationResult"]


def test_a_wrong_password_is_refused_without_a_second_question():
    pool = Pool(("SOFTWARE_TOKEN_MFA", {}))
    with pytest.raises(CognitoFailure, match="wrong") as refused:
        signed_in(pool, Typist(), "wrong")
    assert refused.value.code is Code.NOT_SIGNED_IN
    assert len(pool.answers) == 1


def test_a_temporary_password_is_replaced():
    pool, person = Pool(("NEW_PASSWORD_REQUIRED", {})), Typist("one", "two", "Own-1", "Own-1")
    assert signed_in(pool, person)["IdToken"] == "i"
    assert "The two are not the same." in person.told
    challenge, session, answers = pool.answers[-1]
    assert (challenge, session) == ("NEW_PASSWORD_REQUIRED", "session-NEW_PASSWORD_REQUIRED")
    assert answers == {"USERNAME": USER, "NEW_PASSWORD": "Own-1"}


def test_cognito_says_what_a_new_password_lacks():
    pool = Pool(("NEW_PASSWORD_REQUIRED", {}), refuse=[("InvalidPasswordException", "It is too short.")])
    person = Typist("short", "short", "Longer-1", "Longer-1")
    assert signed_in(pool, person)
    assert "It is too short." in person.told


def test_a_script_is_asked_once():
    pool = Pool(("NEW_PASSWORD_REQUIRED", {}), refuse=[("InvalidPasswordException", "It is too short.")])
    with pytest.raises(Failure, match="too short") as failed:
        signed_in(pool, Typist("short", can_retry=False))
    assert failed.value.code is Code.WRONG


def test_a_code_may_be_mistyped_twice():
    wrong = ("CodeMismatchException", "")
    pool, person = Pool(("SOFTWARE_TOKEN_MFA", {}), refuse=[wrong]), Typist("12345", "000000", " 123 456 ")
    assert signed_in(pool, person)
    assert [given["SOFTWARE_TOKEN_MFA_CODE"] for *_, given in pool.answers[1:]] == ["000000", "123456"]
    pool = Pool(("SOFTWARE_TOKEN_MFA", {}), refuse=[wrong] * 3)
    with pytest.raises(CognitoFailure, match="code is wrong"):
        signed_in(pool, Typist(*["000000"] * 3))


def test_a_session_that_is_over_is_not_tried_again():
    over = ("NotAuthorizedException", "Invalid session for the user.")
    pool = Pool(("SOFTWARE_TOKEN_MFA", {}), refuse=[over])
    with pytest.raises(CognitoFailure, match="took too long"):
        signed_in(pool, Typist("123456"))


def test_a_factor_is_set_up_where_the_pool_demands_one():
    pool = Pool(("MFA_SETUP", {"MFAS_CAN_SETUP": '["SMS_MFA","SOFTWARE_TOKEN_MFA"]'}))
    person = Typist("999999", "123456")
    assert signed_in(pool, person)
    assert "  otpauth://totp/Pennyworth:ada%40example.com?secret=JBSWY3DP&issuer=Pennyworth" in person.told
    assert pool.answers[-1] == ("MFA_SETUP", "verified", {"USERNAME": USER})


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("MFA_SETUP", {"MFAS_CAN_SETUP": '["SMS_MFA"]'}), "cannot set up"),
        (("SMS_MFA", {}), "asks for SMS_MFA"),
    ],
)
def test_what_this_program_cannot_answer_is_named(asked, told):
    with pytest.raises(Failure, match=told):
        signed_in(Pool(asked), Typist())


def test_a_server_that_asks_for_the_password_itself_is_told_nothing():
    pool = Pool()
    pool.first = "PASSWORD"
    with pytest.raises(Failure, match="Nothing was sent"):
        signed_in(pool, Typist())
    assert pool.answers == []


def test_a_dishonest_server_is_told_nothing():
    pool = Pool()
    begin = pool.initiate

    def initiate(*given, **named):
        answer = begin(*given, **named)
        answer["ChallengeParameters"]["SRP_B"] = "0"
        return answer

    pool.initiate = initiate
    with pytest.raises(Failure, match="no honest one"):
        signed_in(pool, Typist())
    assert pool.answers == []
