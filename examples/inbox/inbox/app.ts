/** The inbox app. It stores a notification of each email that its users subscribed to. */
import { createApp } from "tidings/apps";
import { tools } from "./src/app.generated.ts";

export const inbox = createApp("@my-org/inbox", {
	tools,
	capabilities: ["event", "storage"],
	userSubscriptions: { handle_meeting_soon: ["@my-org/calendar/meeting_soon"] },
});
