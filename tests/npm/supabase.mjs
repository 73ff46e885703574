// A clinician's software: the auth part of `@supabase/supabase-js`, pointed at a running Casekeep.
// Words: its URL, an email address, a password. It prints one JSON object: what each call gave.

import { createClient } from "@supabase/supabase-js";

const [url, email, password] = process.argv.slice(2);
const told = {};

function newClient(options = {}) {
  const auth = { autoRefreshToken: false, persistSession: false, ...options };
  return createClient(url, "any-key", { auth });
}

function plain({ data, error }) {
  const { name, message, status, code } = error ?? {};
  return { data, error: error && { name, message, status, code: code ?? null } };
}

async function statusWith(session) {
  const headers = { authorization: `Bearer ${session.access_token}` };
  return (await fetch(`${url}/auth/v1/user`, { headers })).status;
}

async function signedIn(options) {
  const client = newClient(options);
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return { client, session: data.session };
}

// A store that has a session which is about to expire, as a page finds it that was asleep.
function storeWith(session) {
  const nearly = Math.floor(Date.now() / 1000) + 5;
  let kept = JSON.stringify({ ...session, expires_in: 5, expires_at: nearly });
  return {
    getItem: () => kept,
    setItem: (_, value) => void (kept = value),
    removeItem: () => void (kept = null),
  };
}

async function signInAndRefresh() {
  const client = newClient();
  told.wrong = plain(await client.auth.signInWithPassword({ email, password: "wrong" }));
  told.signIn = plain(await client.auth.signInWithPassword({ email, password }));
  const first = told.signIn.data.session;
  told.user = plain(await client.auth.getUser());
  told.refresh = plain(await client.auth.refreshSession());
  const second = told.refresh.data.session;
  told.replay = plain(await newClient().auth.refreshSession(first));
  told.afterReplay = plain(await newClient().auth.refreshSession(second));
  told.userAfterReplay = await statusWith(second);
}

async function refreshByItself() {
  const { session } = await signedIn();
  const storage = storeWith(session);
  const client = newClient({ autoRefreshToken: true, persistSession: true, storage });
  const refreshed = new Promise((resolve) => {
    client.auth.onAuthStateChange((event, now) => event === "TOKEN_REFRESHED" && resolve(now));
  });
  const after = await refreshed;
  told.autoRefresh = {
    isNew: after.refresh_token !== session.refresh_token,
    status: await statusWith(after),
  };
  await client.auth.stopAutoRefresh();
}

async function signOut() {
  told.signOut = {};
  for (const scope of ["local", "others", "global", undefined]) {
    const [own, other] = [await signedIn(), await signedIn()];
    const { error } = await own.client.auth.signOut(scope && { scope });
    const left = [await statusWith(own.session), await statusWith(other.session)];
    const renewed = await newClient().auth.refreshSession(own.session);
    told.signOut[scope ?? "default"] = { error, left, renewed: plain(renewed).error };
  }
}

await signInAndRefresh();
await refreshByItself();
await signOut();
console.log(JSON.stringify(told));
