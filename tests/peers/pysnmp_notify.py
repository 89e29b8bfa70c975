"""Sends a trap and an inform of SNMPv3 for each user on standard input, with pysnmp 4.4.

    /usr/bin/python3 tests/peers/pysnmp_notify.py HOST PORT <users

A line of the input is NAME AUTH AUTH_PASSWORD PRIV PRIV_PASSWORD, protocols in the words of
config/snmpv3_credentials.yaml. For each an output line says "NAME trap sent" and "NAME inform answered", or what
went wrong.
"""

import sys

from pysnmp import hlapi

AUTH = {
    "NONE": hlapi.usmNoAuthProtocol,
    "MD5": hlapi.usmHMACMD5AuthProtocol,
    "SHA": hlapi.usmHMACSHAAuthProtocol,
    "SHA224": hlapi.usmHMAC128SHA224AuthProtocol,
    "SHA256": hlapi.usmHMAC192SHA256AuthProtocol,
    "SHA384": hlapi.usmHMAC256SHA384AuthProtocol,
    "SHA512": hlapi.usmHMAC384SHA512AuthProtocol,
}

PRIV = {
    "NONE": hlapi.usmNoPrivProtocol,
    "DES": hlapi.usmDESPrivProtocol,
    "3DES": hlapi.usm3DESEDEPrivProtocol,
    "AES": hlapi.usmAesCfb128Protocol,
    "AES192": hlapi.usmAesBlumenthalCfb192Protocol,
    "AES256": hlapi.usmAesBlumenthalCfb256Protocol,
    "AES192C": hlapi.usmAesCfb192Protocol,
    "AES256C": hlapi.usmAesCfb256Protocol,
}


def send(engine, target, user, kind):
    """Sends a linkDown; returns what went wrong, if anything did."""
    notification = hlapi.NotificationType(hlapi.ObjectIdentity("1.3.6.1.6.3.1.1.5.3")).addVarBinds(
        (hlapi.ObjectIdentifier("1.3.6.1.2.1.1.1.0"), hlapi.OctetString("from pysnmp"))
    )
    error, status, _, _ = next(
        hlapi.sendNotification(engine, user, target, hlapi.ContextData(), kind, notification)
    )
    return error or status


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    target = hlapi.UdpTransportTarget((host, port), timeout=20, retries=0)
    for line in sys.stdin:
        name, auth, auth_password, priv, priv_password = line.split()
        user = hlapi.UsmUserData(
            name,
            auth_password if auth != "NONE" else None,
            priv_password if priv != "NONE" else None,
            authProtocol=AUTH[auth],
            privProtocol=PRIV[priv],
        )
        for kind, done in (("trap", "sent"), ("inform", "answered")):
            # An engine sends each notification to all targets that it was ever told of.
            error = send(hlapi.SnmpEngine(), target, user, kind)
            print(name, kind, error.prettyPrint() if hasattr(error, "prettyPrint") else error or done, flush=True)


main()
