// Written by: npx tidings generate --app examples/inbox/inbox
// Do not edit.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import * as m0 from "./tools/handle_meeting_soon.ts";
import * as m1 from "./tools/handle_new_email.ts";
import * as m2 from "./tools/subscribe_to_emails.ts";
import * as m3 from "./tools/unsubscribe_from_emails.ts";

export const handlers = {
};

export const tools = {
	"handle_meeting_soon": m0,
	"handle_new_email": m1,
	"subscribe_to_emails": m2,
	"unsubscribe_from_emails": m3,
};
