// SPDX-License-Identifier: GPL-3.0-or-later
// People who use OpenPGP.js: one command per run, its arguments as JSON on standard input, its answer as JSON on
// standard output. Octets travel as base64. OPENPGP names the module's file.
import { readFileSync } from 'node:fs';

const openpgp = await import(process.env.OPENPGP);
const octets = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const privateKey = (armoredKey) => openpgp.readPrivateKey({ armoredKey });
const publicKey = (armoredKey) => openpgp.readKey({ armoredKey });
const now = new Date(Date.now() + 1000);

const commands = {
    async generate({ name, email, v6 }) {
        const keys = await openpgp.generateKey({
            type: v6 ? 'curve25519' : 'ecc',
            userIDs: [{ name, email }],
            config: { v6Keys: v6, aeadProtect: v6 },
        });
        const key = await publicKey(keys.publicKey);
        return {
            secret: keys.privateKey,
            public: keys.publicKey,
            fingerprint: key.getFingerprint().toUpperCase(),
            version: key.keyPacket.version,
        };
    },

    // Signed and encrypted in one message; only encrypted without a signer.
    async seal({ content, signer, recipients }) {
        const message = await openpgp.encrypt({
            message: await openpgp.createMessage({ binary: octets(content) }),
            encryptionKeys: await Promise.all(recipients.map(publicKey)),
            signingKeys: signer ? await privateKey(signer) : undefined,
        });
        return { message };
    },

    async sign({ content, signer }) {
        const signature = await openpgp.sign({
            message: await openpgp.createMessage({ binary: octets(content) }),
            signingKeys: await privateKey(signer),
            detached: true,
        });
        return { signature };
    },

    async verify({ content, signature, signer }) {
        const { signatures } = await openpgp.verify({
            message: await openpgp.createMessage({ binary: octets(content) }),
            signature: await openpgp.readSignature({ armoredSignature: signature }),
            verificationKeys: await publicKey(signer),
            date: now,
        });
        await Promise.all(signatures.map((each) => each.verified));
        return { good: signatures.length };
    },

    // Fails unless there is exactly one signature, and it is the signer's and good.
    async open({ message, secret, signer }) {
        const sealed = await openpgp.readMessage({ armoredMessage: message });
        const sessionKeys = sealed.packets.filterByTag(openpgp.enums.packet.publicKeyEncryptedSessionKey);
        const body = sealed.packets.filterByTag(openpgp.enums.packet.symEncryptedIntegrityProtectedData);
        const { data, signatures } = await openpgp.decrypt({
            message: sealed,
            decryptionKeys: await privateKey(secret),
            verificationKeys: await publicKey(signer),
            format: 'binary',
            date: now,
        });
        if (signatures.length !== 1) throw new Error(`${signatures.length} signatures`);
        await signatures[0].verified;
        return {
            content: base64(data),
            pkesk: sessionKeys.map((each) => each.version),
            seipd: body.map((each) => each.version),
            hidden: sessionKeys.every((each) => each.version === 6 ? !each.publicKeyVersion : each.publicKeyID.isWildcard()),
        };
    },
};

const input = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(await commands[process.argv[2]](input)));
