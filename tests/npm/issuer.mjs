// A real OpenID Connect issuer on the loopback, for the tests: `oidc-provider`, with a grant that
// hands out access tokens without a browser. It prints its address when it is ready.
//
// POST /token with grant_type=test, client_id=tests, subject, resource (the audience), alg,
// expires_in (seconds) and claims (JSON) gives a token that says just that; POST /rotate gives the
// issuer other keys.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

import Provider from "oidc-provider";

const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};
const WISHES = ["subject", "resource", "alg", "expires_in", "claims"];

let provider;

function makeKey([alg, [type, options]]) {
  const key = generateKeyPairSync(type, options).privateKey.export({ format: "jwk" });
  return { ...key, alg, use: "sig", kid: randomUUID() };
}

function makeProvider(issuer) {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: "tests",
        grant_types: ["test"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "none",
      },
    ],
    cookies: { keys: [randomUUID()] },
    extraTokenClaims: (context) => JSON.parse(context.oidc.params.claims),
    features: { devInteractions: { enabled: false }, resourceIndicators: { enabled: true } },
    jwks: { keys: Object.entries(KINDS).map(makeKey) },
  });
  made.registerGrantType("test", grant, WISHES);
  made.on("server_error", (_, error) => console.error(error));
  return made;
}

async function grant(context) {
  const { client, params } = context.oidc;
  const { AccessToken, ResourceServer } = provider;
  const token = new AccessToken({
    accountId: params.subject,
    client,
    expiresIn: Number(params.expires_in),
    gty: "test",
    scope: "",
  });
  token.resourceServer = new ResourceServer(params.resource, {
    accessTokenFormat: "jwt",
    audience: params.resource,
    jwt: { sign: { alg: params.alg } },
    scope: "",
  });
  context.body = { access_token: await token.save(), token_type: "Bearer" };
}

const server = createServer((request, response) => {
  if (request.method === "POST" && request.url === "/rotate") {
    provider = makeProvider(issuer);
    response.writeHead(204).end();
  } else {
    provider.callback()(request, response);
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
provider = makeProvider(issuer);
console.log(issuer);
