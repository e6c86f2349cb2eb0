/** The script of the demo: users subscribe and unsubscribe, and external services call webhooks. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../shop/local/callers.ts";
import type { Accounts } from "./accounts.ts";
import type { OutsideService } from "./mail-service.ts";

/** The participants. */
export interface Cast {
	ada: Call;
	ben: Call;
	mallory: Call;
	mail: OutsideService;
	calendar: OutsideService;
	accounts: Accounts;
	/** Compares the accounts with the stored files. */
	look(): Promise<void>;
	scene(text: string): void;
	remark(text: string): void;
}

/** Milliseconds between steps, so that a person can follow. */
const PAUSE = 500;

const TOOLS = "/v1/apps/@my-org/inbox/tools";
const MEETINGS = {
	app: "@my-org/inbox",
	source: "@my-org/calendar",
	event: "meeting_soon",
};

export async function playStory(cast: Cast): Promise<void> {
	const { ada, ben, mallory, mail, calendar, accounts, scene, remark } = cast;

	scene(
		"Ada and Ben subscribe to emails. The first one starts the event, which registers its webhook; both share it.",
	);
	await ada("POST", `${TOOLS}/subscribe_to_emails`);
	await ben("POST", `${TOOLS}/subscribe_to_emails`);
	await sleep(PAUSE);

	scene("Mallory shows a token with Ada's address, which she signed herself.");
	await refused(mallory("POST", `${TOOLS}/subscribe_to_emails`));
	await sleep(PAUSE);

	scene("Mail arrives for Ada, for Ben, and for Carol, who is not subscribed.");
	const first = await receive("m1", "ada@example.com", "lunch?");
	await receive("m2", "ben@example.com", "the report");
	await receive("m3", "carol@example.com", "hello", "none");
	await stored("/notifications/m1.json");
	await stored("/notifications/m2.json");
	await sleep(PAUSE);

	scene(
		"The mail service got no answer to its first request, and delivers again.",
	);
	const again = await mail.deliver(first.delivery, first.content);
	remark(`← mail service: delivered m1 again, answered ${again.status}`);
	accounts.acceptAgain(again.body.id ?? "");
	await sleep(PAUSE);

	scene("Ada subscribes to reminders, and a meeting is ten minutes away.");
	const tool = "handle_meeting_soon";
	await ada("POST", "/v1/subscriptions", { ...MEETINGS, tool });
	const startsAt = Date.now() + 10 * 60_000 + 3_000;
	const meeting = { id: "s1", attendee: "ada@example.com", title: "standup" };
	const answer = await calendar.deliver("d-s1", { ...meeting, startsAt });
	remark(`← calendar service: delivered s1, answered ${answer.status}`);
	accounts.accept(answer.body.id ?? "", "meeting s1", "/reminders/s1.json");
	await stored("/reminders/s1.json");
	await ada("DELETE", "/v1/subscriptions", MEETINGS);
	await sleep(PAUSE);

	scene(
		"Ben unsubscribes. The webhook stays for Ada, and his mail has no subscriber.",
	);
	await ben("POST", `${TOOLS}/unsubscribe_from_emails`);
	await receive("m4", "ben@example.com", "are you there?", "none");
	await sleep(PAUSE);

	scene(
		"Ada is the last one to unsubscribe: the event stops, its webhook closes.",
	);
	const url = mail.webhook;
	await ada("POST", `${TOOLS}/unsubscribe_from_emails`);
	while (mail.webhook !== undefined) await sleep(20);
	let late = await knock();
	for (; late.status === 202; late = await knock()) await sleep(100);
	remark(`← mail service: delivered late, answered ${late.status}`);
	check(late.status === 410, "the webhook was not closed");
	while (calendar.webhook !== undefined) await sleep(20);
	for (const { asked } of [mail, calendar])
		check(
			asked.put === 1 && asked.delete === 1,
			"a webhook was not registered once, or not removed once",
		);

	/** Until `stop` has ended, the webhook is open, but the event has no subscriber. */
	async function knock() {
		const content = mailOf("late", "ada@example.com", "too late");
		const answer = await mail.deliver(crypto.randomUUID(), content, url);
		if (answer.body.id) accounts.accept(answer.body.id, "late mail");
		return answer;
	}

	/** Delivers one mail. The inbox stores it if it has a subscriber. */
	async function receive(
		id: string,
		recipient: string,
		subject: string,
		whose: "none" | "subscriber" = "subscriber",
	) {
		const delivery = `d-${id}`;
		const content = mailOf(id, recipient, subject);
		const { status, body } = await mail.deliver(delivery, content);
		remark(
			`← mail service: delivered ${id} for ${recipient}, answered ${status}`,
		);
		check(status === 202, `${id} was not stored`);
		const path = whose === "none" ? undefined : `/notifications/${id}.json`;
		accounts.accept(body.id ?? "", `mail ${id}`, path);
		return { delivery, content };
	}

	async function stored(path: string): Promise<void> {
		for (; !accounts.isStored(path); await sleep(100)) await cast.look();
	}
}

function mailOf(id: string, recipient: string, subject: string): object {
	const from = "grace@example.com";
	return { id, recipient, from, subject, snippet: `${subject} …` };
}

async function refused(call: Promise<{ status: number }>): Promise<void> {
	check((await call).status === 401, "an invalid token was accepted");
}

function check(isSo: boolean, otherwise: string): void {
	if (!isSo) throw new Error(otherwise);
}
