/** Asks a running owner for its own findings, and compares its clock with this machine's. */
import type { Admin } from "../../src/admin.ts";
import type { Finding } from "../../src/doctor/finding.ts";

/** Clocks that differ by less are no finding, in milliseconds: times on a page are to the second. */
const CLOCK_TOLERANCE = 5_000;

/** @throws UnavailableError if nothing answers; any other failure is a finding */
export async function checkWorker(
	admin: Admin,
	url: string,
): Promise<Finding[]> {
	const askedAt = Date.now();
	try {
		const { time, findings } = await admin.doctor();
		const clock = clockFindings(time, askedAt, Date.now());
		return [...findings, ...clock, ...(await healthFindings(admin))];
	} catch (error) {
		const { code, message } = error as Error & { code?: string };
		switch (code) {
			case "unavailable":
				throw error;
			case "unauthorized":
				return [
					{
						code: "key_rejected",
						severity: "error",
						problem: `${url} rejects the API key: ${message}`,
						remedy:
							"Give a valid --key, or install the keys:\nnpx wrangler secret put API_KEYS < api-keys.json",
					},
				];
			default:
				return [
					{
						code: "worker_not_checked",
						severity: "error",
						problem: `${url} was not checked: ${message}`,
						remedy:
							"Give a key with the scope read, and the URL of the Worker with its prefix. An older version has no doctor: deploy the Worker again.",
					},
				];
		}
	}
}

async function healthFindings(admin: Admin): Promise<Finding[]> {
	const { problems } = await admin.health();
	return problems.map(({ code, detail }) => ({
		code,
		severity: "error",
		problem: detail,
		remedy: "See the figures: npx tidings health",
	}));
}

/** The Worker read its clock at some time between the request and its answer. */
function clockFindings(
	time: number,
	askedAt: number,
	answeredAt: number,
): Finding[] {
	const behind = askedAt - time;
	const ahead = time - answeredAt;
	const difference = Math.max(behind, ahead);
	if (difference < CLOCK_TOLERANCE) return [];
	return [
		{
			code: "clock_wrong",
			severity: "warning",
			problem: `the Worker's clock is ${Math.round(difference / 1_000)} s ${ahead > 0 ? "ahead of" : "behind"} this machine's: since:, until: and "after" will not mean what you expect`,
			remedy: "Set the clock of this machine by NTP.",
		},
	];
}
