// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { events } from "tidings/ampt";
import { sendWelcomeEmail } from "../../mail.ts";

events.on("user.joined", async (event, context) => {
  // send a welcome email using event.body.email
  await sendWelcomeEmail("handle", event.body.email, event, context);
});
