"""Bucket policies that refuse what came without TLS: this stand-in speaks HTTP where AWS speaks
HTTPS, and moto takes a condition that it does not know for a refusal."""

from moto.iam.access_control import IAMPolicyStatement, PermissionResult


def install():
    original = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self, *arguments, **further):
        secure = self._statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        if str(secure).lower() == "false":
            return PermissionResult.NEUTRAL
        return original(self, *arguments, **further)

    IAMPolicyStatement.is_action_permitted = is_action_permitted
