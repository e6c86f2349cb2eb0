/**
 * `npm run fuzz -- [requests] [seed]`: sends requests of any shape to the local runtime over HTTP, one after the other,
 * with every kind of key. Fails if an answer is wrong, or if a request costs more than a second of CPU time. The time
 * is that of the process, so other load on the machine does not change it.
 */
import "../../../examples/shop/local/quiet.ts";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { Agent, request as send } from "node:http";
import fc from "fast-check";
import { SignJWT, UnsecuredJWT } from "jose";
import { createTestHarness } from "wrangler";
import {
	CALLERS,
	type FuzzCaller,
	type FuzzRequest,
	faultOf,
	hostileRequests,
	requests,
} from "./requests.ts";

const [count = "20000", seed = String(Date.now() % 2 ** 31)] =
	process.argv.slice(2);

/** CPU time of one request, in milliseconds. */
const MOST_CPU = 1_000;

/** Bytes of the largest body: more than any path accepts. */
const LARGEST = 12_000_000;

/** The secret with which the Worker verifies tokens. */
const SECRET = "a secret of the tests, 32 bytes at least";

const SCOPES: Partial<Record<FuzzCaller, string[]>> = {
	admin: ["admin"],
	read: ["read"],
	publish: ["publish"],
	orders: ["publish:order.**"],
	none: [],
};

const keyOf = (id: string) => `tid_${id}_secret-of-${id}`;

const API_KEYS = JSON.stringify(
	Object.entries(SCOPES).map(([id, scopes]) => {
		const digest = createHash("sha256").update(keyOf(id)).digest("hex");
		return { id, scopes, digest };
	}),
);

async function tokenOf(expires: string, secret: string): Promise<string> {
	return new SignJWT({ account: { accountId: "a1", email: "a@b.co" } })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime(expires)
		.sign(new TextEncoder().encode(secret));
}

const CREDENTIALS: Partial<Record<FuzzCaller, string>> = {
	user: await tokenOf("1 day", SECRET),
	expired: await tokenOf("-1 day", SECRET),
	forged: await tokenOf("1 day", "x".repeat(32)),
	unsigned: new UnsecuredJWT({}).setIssuer("https://auth.example").encode(),
	garbage: "a.b",
	wrong: `${keyOf("admin")}x`,
	stranger: keyOf("stranger"),
};

function credentialOf(caller: FuzzCaller): string | undefined {
	return caller in SCOPES ? keyOf(caller) : CREDENTIALS[caller];
}

const harness = createTestHarness({
	root: import.meta.dirname,
	workers: [{ configPath: "worker/wrangler.toml", secrets: { API_KEYS } }],
});
const { url } = await harness.listen();
const runtimes = descendants(process.pid).filter((pid) =>
	readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("workerd"),
);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const statuses = new Map<number, number>();
const faults: string[] = [];
const costs: { cpu: number; what: string }[] = [];
let broken = 0;

const started = cpuTime();
for (const [request, caller] of samples()) {
	const before = cpuTime();
	const answer = await answerTo(request, caller);
	const cpu = cpuTime() - before;
	const what = `${caller}: ${request.method} ${request.path}${request.query} ${JSON.stringify(request.body?.slice(0, 60) ?? "")} (${request.body?.length ?? 0})`;
	costs.push({ cpu, what });
	if (costs.length % 1_000 === 0) console.log(`${costs.length} requests sent`);
	if (cpu > MOST_CPU) faults.push(`${cpu} ms of CPU time: ${what}`);
	if (!answer) {
		// The runtime may close a connection whose body it does not read.
		broken += 1;
		continue;
	}
	statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
	const fault = faultOf(request, caller, answer);
	if (fault)
		faults.push(
			`${fault}: ${answer.status} ${answer.text.slice(0, 200)} ${what}`,
		);
}
costs.sort((a, b) => b.cpu - a.cpu);
const total = cpuTime() - started;
console.log(`${costs.length} requests, seed ${seed}`);
console.log("status:", Object.fromEntries([...statuses].sort()));
console.log(`connections closed before an answer: ${broken}`);
console.log(
	`CPU time: ${total} ms in all, ${(total / costs.length).toFixed(1)} ms at the mean, most:`,
);
for (const { cpu, what } of costs.slice(0, 5))
	console.log(`  ${cpu} ms  ${what}`);
for (const fault of faults.slice(0, 20)) console.error(fault);
console.log(`${faults.length} faults`);
agent.destroy();
await harness.close();
process.exit(faults.length > 0 ? 1 : 0);

/** The costly requests, and then any. In chunks, because some are large. */
function* samples(): Generator<[FuzzRequest, FuzzCaller]> {
	yield* hostileRequests();
	const any = fc.tuple(requests(LARGEST), fc.constantFrom(...CALLERS));
	for (let from = 0; from < Number(count); from += 500) {
		const numRuns = Math.min(500, Number(count) - from);
		yield* fc.sample(any, { numRuns, seed: Number(seed) + from });
	}
}

/** Returns the answer, or undefined if the connection was closed before. */
function answerTo(
	{ method, path, query, body, headers }: FuzzRequest,
	caller: FuzzCaller,
): Promise<{ status: number; text: string } | undefined> {
	const credential = credentialOf(caller);
	return new Promise((resolve) => {
		const sent = send(
			{
				agent,
				host: url.hostname,
				port: url.port,
				method,
				path: encodeURI(`${path}${query}`).replaceAll("%25", "%"),
				headers: {
					...headers,
					...(credential && { authorization: `Bearer ${credential}` }),
					...(body !== undefined && {
						"content-length": Buffer.byteLength(body),
					}),
				},
			},
			async (response) => {
				let text = "";
				try {
					for await (const chunk of response.setEncoding("utf8")) text += chunk;
				} catch {
					// The connection was closed within the answer.
					return resolve(undefined);
				}
				// The local proxy answers so if the Worker does not read the body to its end.
				const isClosed = text.startsWith("Error: Network connection lost");
				const status = response.statusCode ?? 0;
				resolve(isClosed ? undefined : { status, text });
			},
		);
		sent.on("error", () => resolve(undefined));
		sent.end(body);
	});
}

/** CPU time of the runtime so far, in milliseconds. `/proc/<pid>/stat` counts in hundredths of a second. */
function cpuTime(): number {
	return runtimes.reduce((sum, pid) => {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return sum + (Number(fields[11]) + Number(fields[12])) * 10;
	}, 0);
}

function descendants(pid: number): number[] {
	return readdirSync(`/proc/${pid}/task`)
		.flatMap((task) =>
			readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "),
		)
		.filter((child) => child.trim() !== "")
		.flatMap((child) => [Number(child), ...descendants(Number(child))]);
}
