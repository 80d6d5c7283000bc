#!/bin/sh
# Makes and renews certificates, then hands each container only what it needs: the key of the chain CA stays here, Envoy
# never sees the interception CA's key. Run again (docker compose run --rm certs) it renews what is due; both sides take
# renewed files up without a restart.
set -eu
umask 077
home=/var/lib/judge-proxy

node certs-tool/cli.ts init --dir "$home/authority"

# hand_over FOLDER FILE...: by rename, which is what the readers wait for, and only what has changed. A key goes before
# its certificate: the pair is whole at the rename that completes it.
hand_over() {
  to=$1
  shift
  for file in "$@"; do
    if cmp -s "$home/authority/$file" "$to/$file"; then continue; fi
    cp "$home/authority/$file" "$to/.$file.new"
    mv "$to/.$file.new" "$to/$file"
  done
}

hand_over "$home/envoy-certs" ca.crt envoy-client.key envoy-client.crt
hand_over "$home/judge-certs" ca.crt server.key server.crt intercept-ca.key intercept-ca.crt
hand_over "$home/client-certs" intercept-ca.crt trust-bundle.pem
