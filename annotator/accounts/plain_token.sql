-- A token that opens something, and whose last use is noted. Any other is looked at by `check_key`.
SELECT token.id, token.user_id, token.scopes
FROM annotator_token token JOIN annotator_user owner ON owner.id = token.user_id
WHERE token.digest = %(digest)s::text AND token.revoked_at IS NULL AND owner.is_active
  AND (token.expires_at IS NULL OR token.expires_at > %(now)s::timestamptz)
  AND token.last_used_at > %(stale)s::timestamptz
