"""All tables of the work, so that whoever needs the whole metadata imports one module."""

import webapp.addresses.models
import webapp.areas.models
import webapp.calendars.models
import webapp.calls.models
import webapp.cases.models
import webapp.core.events
import webapp.core.queue
import webapp.drafts.models
import webapp.duty.models
import webapp.exchange.models
import webapp.field.models
import webapp.intake.models
import webapp.leads.models
import webapp.open311.models
import webapp.parcels.models
import webapp.patrols.models
import webapp.people.models
import webapp.places.models
import webapp.referrals.models
import webapp.repeats.models
import webapp.residents.models
import webapp.tasks.models
import webapp.webhooks.models  # noqa: F401
