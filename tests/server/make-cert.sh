#!/bin/sh
# Makes a CA and server certificates for localhost and 127.0.0.1 in DIR:
#   ca.pem                       what a client should trust
#   server.pem, server-key.pem   good
#   wrong-host.pem   expired.pem   self-signed.pem   unknown-ca.pem
#   old-chain.pem    by old-ca.pem, an authority that has expired
# each bad in its one way, each with its NAME-key.pem.
set -eu
dir=${1:?usage: make-cert.sh DIR}
mkdir -p "$dir"
cd "$dir"

key() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null; }

ca() { # NAME COMMON-NAME
  key "$1-key.pem"
  openssl req -x509 -new -key "$1-key.pem" -subj "/CN=$2" -days 3650 -out "$1.pem" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
}

# The CA command is the one that can date a certificate into the past.
signed() { # NAME SAN CA START END [USAGE CONSTRAINTS]
  key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "/CN=$1" -out "$1.csr"
  rm -rf db && mkdir db && : >db/index && openssl rand -hex 16 >db/serial
  cat >db/conf <<CONF
[ca]
default_ca = us
[us]
dir = db
database = db/index
serial = db/serial
new_certs_dir = db
default_md = sha256
policy = any
x509_extensions = server
unique_subject = no
[any]
commonName = supplied
[server]
basicConstraints = ${7:-CA:FALSE}
keyUsage = critical,${6:-digitalSignature,keyEncipherment}
extendedKeyUsage = serverAuth
subjectAltName = $2
CONF
  by="-cert $3.pem"
  [ "$1" != "$3" ] || by=-selfsign
  # shellcheck disable=SC2086
  openssl ca -batch -config db/conf $by -keyfile "$3-key.pem" -notext \
    -startdate "$4" -enddate "$5" -in "$1.csr" -out "$1.pem" 2>db/errors || { cat db/errors >&2; exit 1; }
  rm -rf db "$1.csr"
}

now=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)
then=$(date -u -d '+3000 days' +%Y%m%d%H%M%SZ)
here='DNS:localhost,IP:127.0.0.1'

ca ca 'ordersync test CA'
ca other-ca 'another test CA'
signed server "$here" ca "$now" "$then"
signed wrong-host 'DNS:elsewhere.example' ca "$now" "$then"
signed expired "$here" ca 20200101000000Z 20200201000000Z
signed unknown-ca "$here" other-ca "$now" "$then"
signed old-ca 'DNS:ca.example' old-ca 20200101000000Z 20200201000000Z keyCertSign critical,CA:TRUE
signed old-chain "$here" old-ca "$now" "$then"
key self-signed-key.pem
openssl req -x509 -new -key self-signed-key.pem -subj /CN=localhost -days 3650 -out self-signed.pem \
  -addext "subjectAltName=$here"
