// What a moderator presses, for the tests in which there is one.

/** Opens what may be done about the person at the newest message of theirs. */
export async function moderate(person, name, text) {
  const message = person.messages.filter({ hasText: text }).first()
  await message.focus()
  await message.getByRole('button', { name: `Moderate ${name}` }).click()
  const dialog = person.page.getByRole('dialog', { name: `Moderate ${name}` })
  await dialog.waitFor()
  return dialog
}

/** Opens what is about the room. */
export async function openPanel(person) {
  await person.page.getByRole('button', { name: 'Moderation', exact: true }).click()
  const panel = person.page.getByRole('dialog', { name: 'Moderation' })
  await panel.getByRole('heading', { name: 'In force' }).waitFor()
  return panel
}

/** Waits for what is told in the list and is no message. */
export const told = (person, text) => person.log.getByText(text).first().waitFor()
