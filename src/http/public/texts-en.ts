import { ACTION_LIMITS } from '../../contract/limits.ts'
import type { Texts } from './texts.ts'

const HOUR = 3600

/** Texts of the pages in English. */
export const EN: Texts = {
  product: 'ClaimLinc Teams gateway',
  otherLanguage: 'العربية',
  action: {
    acknowledge: {
      name: 'Acknowledge',
      will: 'You look after this event. Nobody else is called until your acknowledgement expires, unless somebody escalates the event.',
    },
    unacknowledge: {
      name: 'Take acknowledgement back',
      will: 'Nobody looks after this event any more. The next people are called when it is their turn.',
    },
    escalate: { name: 'Escalate', will: 'The next people of the escalation policy are called at once.' },
    discard: {
      name: 'Discard',
      will: 'The event leaves the list of open events. It stays in the record, and can be restored for a while.',
    },
    restore: { name: 'Restore', will: 'The discarded event is open again.' },
    replay: { name: 'Send again', will: 'The card that could not be sent is sent again.' },
    retry: { name: 'Retry', will: 'The work that failed is started again, outside this gateway.' },
    poll: { name: 'Poll now', will: 'The payer is asked for news of this claim at once.' },
  },
  priority: {
    CRITICAL: 'Critical',
    HIGH: 'High priority',
    MEDIUM: 'Medium priority',
    LOW: 'Low priority',
    INFO: 'For information',
  },
  state: {
    requested: 'requested',
    running: 'running',
    done: 'done',
    refused: 'refused',
    failed: 'failed',
    unknown: 'end not known',
  },
  happened: 'What happened',
  occurred: 'When',
  channel: 'Channel',
  correlationId: 'Correlation id',
  askedBy: 'Who acts',
  unverified: 'name not verified',
  willHappen: 'What will happen',
  events: (count) => `This card stands for ${count} events. It is done to all of them.`,
  climbsAgain:
    'Somebody looks after this event already. The acknowledgement stays, but the timer starts again: the tiers after this one are called in their time, until somebody acknowledges the event again.',
  over: 'This event is over: it was resolved or discarded.',
  acknowledgedBy: 'Acknowledged by',
  discardedBy: 'Discarded by',
  until: 'until',
  comma: ',',
  earlier: 'What was done before',
  yourName: 'Your name',
  yourNameHint: 'Nobody checks it. It is recorded as not verified.',
  reason: 'Reason',
  reasonHint: 'Why you do this: shown on the card in Teams. No names, ids or other data of patients.',
  note: 'Note',
  noteHint: 'What others should know: shown on this page, not on the card. No data of patients.',
  optional: 'optional',
  tier: 'Tier',
  whoIsCalled: 'Who is called',
  nextTier: 'The next tier',
  tierNumber: (tier) => `Tier ${tier}`,
  pager: (name) => `alert at ${name}`,
  mention: (name) => `mention of ${name}`,
  quiet: 'Keep repeats quiet for',
  quietFor: [
    { seconds: 0, name: 'not at all' },
    { seconds: HOUR, name: '1 hour' },
    { seconds: 4 * HOUR, name: '4 hours' },
    { seconds: 24 * HOUR, name: '1 day' },
    { seconds: 168 * HOUR, name: '7 days' },
  ],
  signIn: {
    title: 'Sign in to go on',
    todo: 'What is done to an event is recorded with the person who did it.',
    with: (tenant) => `Sign in (${tenant})`,
  },
  signedInAs: 'Signed in as',
  signOut: 'Sign out',
  signedOut: {
    title: 'You are signed out',
    todo: 'Close this page. On a shared device, sign out of Microsoft 365 too.',
  },
  ask: 'Who may do it:',
  again: 'Back to the event',
  code: 'Code',
  problems: 'Please correct this',
  needed: 'This is needed.',
  refused: {
    link_truncated: {
      title: 'The link is not complete',
      todo: 'Open it with the button on the card, or copy all of it.',
    },
    link_forged: { title: 'This link is not valid', todo: 'Open the page with the button on the card in Teams.' },
    link_key_retired: {
      title: 'This link is too old',
      todo: 'The key that signed it is no longer used. Look for a newer card of this event in Teams.',
    },
    link_unsigned: {
      title: 'This link was copied from the record',
      todo: 'Links in the record do not work. Open the page with the button on the card in Teams.',
    },
    link_expired: {
      title: 'This link has expired',
      todo: 'Look for a newer card of this event in Teams, or ask those who operate the gateway.',
    },
    cross_site: {
      title: 'The form came from another page',
      todo: 'Nothing was done. Open the page with the button on the card in Teams.',
    },
    form_forged: {
      title: 'This form belongs to another session',
      todo: 'Nothing was done. Cookies may be off, or you signed in again meanwhile. Open the page again.',
    },
    form_expired: { title: 'This form is too old', todo: 'Nothing was done. Open the page again.' },
    too_many: { title: 'Too many tries', todo: 'Nothing was done. Wait a minute, then open the page again.' },
    name_invalid: {
      title: 'This name can not be used',
      todo: 'Type 2 to 80 letters, without characters that are not shown.',
    },
    typed_names_off: {
      title: 'Nobody can act here yet',
      todo: 'Sign-in is not set up, and typed names are switched off. Ask those who operate the gateway.',
    },
    sign_in_state: {
      title: 'The sign-in could not be matched',
      todo: 'It was started in another browser, took too long, or was used already. Open the page again with the button on the card.',
    },
    sign_in_declined: {
      title: 'Microsoft did not sign you in',
      todo: 'You or your organisation declined it. Ask those who operate the gateway whether you may use it.',
    },
    sign_in_failed: {
      title: 'The sign-in failed',
      todo: 'Microsoft refused the gateway. Those who operate it find the reason in its log.',
    },
    sign_in_unreachable: {
      title: 'Microsoft can not be reached',
      todo: 'Try again in a minute. Those who operate the gateway find the reason in its log.',
    },
    sign_in_token: {
      title: 'The sign-in can not be trusted',
      todo: 'What Microsoft sent does not fit this gateway. Those who operate it find the reason in its log.',
    },
    sign_in_tenant: {
      title: 'Your organisation may not act here',
      todo: 'Sign in with an account of an organisation that this gateway knows.',
    },
    not_found: { title: 'There is nothing here', todo: 'Open the page with the button on the card in Teams.' },
    gone: {
      title: 'This event is no longer in the record',
      todo: 'Its retention is over, or it was erased. Nothing is left to do.',
    },
    gateway_busy: { title: 'The gateway is busy', todo: 'Try again in a minute.' },
    unavailable: { title: 'The gateway can not do it now', todo: 'Nothing was done. Try again in a minute.' },
    uncertain: { title: 'It is not known whether it was done', todo: 'Open the page again: it shows what was done.' },
  },
  result: {
    already_acknowledged: { title: 'Somebody has acknowledged it already', todo: 'Nothing is left to do.' },
    already_discarded: { title: 'Somebody has discarded it already', todo: 'Nothing is left to do.' },
    discarded: {
      title: 'It is discarded',
      todo: 'Nothing more can be done with it here. Those who operate the gateway can restore it for a while.',
    },
    already_escalated: {
      title: 'Somebody has just escalated it',
      todo: 'People are being called. To call others too, wait a minute and open this page again.',
    },
    no_policy: {
      title: 'Nobody can be called from here for this event',
      todo: 'No escalation policy is for it, escalation is switched off, or it stands in a digest, whose card escalates. Else call somebody yourself.',
    },
    no_such_tier: {
      title: 'This tier can not be called',
      todo: 'The last one was called already, or the policy has fewer tiers now. Go back and choose one of the list.',
    },
    not_permitted: { title: 'You may not do this', todo: 'Ask somebody who has one of the roles below.' },
    second_person_needed: {
      title: 'A second person has to confirm it',
      todo: 'Nothing is done yet. Another person opens the same button of the card within an hour, and confirms.',
    },
    same_person: {
      title: 'Another person has to confirm it',
      todo: 'You asked for it. Let somebody else open the same button of the card, within an hour of your request.',
    },
    not_verified: {
      title: 'Only a verified person may do this',
      todo: 'A typed name is good for acknowledging alone. Ask those who operate the gateway to set up the sign-in.',
    },
  },
  wrong: {
    reason: `At most ${ACTION_LIMITS.reason} characters, and no data of patients.`,
    note: `At most ${ACTION_LIMITS.note} characters, and no data of patients.`,
    tier: 'One of the tiers in the list.',
    quiet_for: 'One of the times in the list.',
    other: 'This can not be used.',
  },
  done: { title: 'Done', todo: 'You can close this page.' },
  askedFirst: (by, at, choices) =>
    `${by} asked for this at ${at}${choices}. It is done when you, as the second person, confirm it with the same choices.`,
  firstSent: {
    done: (at) => `You did this already at ${at}`,
    note: (at) =>
      `This is the answer to what you sent first, at ${at}. What you changed since then was not used: go back to the event to act again.`,
  },
  failed: { title: 'It was not done', todo: 'What went wrong stands below.' },
  unknown: { title: 'It is not known whether it was done', todo: 'Look at what stands below before you try again.' },
  running: { title: 'It has been started', todo: 'Open this page again to see what came of it.' },
}
