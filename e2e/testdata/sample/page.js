// Does what the page of the 2019 sample does, and knows nothing of Parley: the
// address comes from config.json, the first line typed is the name, each further
// one is a message, and what arrives is shown.
const line = document.getElementById('line')
let name = ''

async function begin() {
  const config = await (await fetch('config.json')).json()
  const socket = new WebSocket(config.server)

  socket.onopen = () => { line.disabled = false }
  socket.onclose = () => { line.disabled = true }
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data)
    if (frame.type !== 'message') return
    const item = document.createElement('li')
    item.textContent = `${frame.from}: ${frame.text}`
    document.getElementById('said').append(item)
  }

  document.getElementById('say').onsubmit = event => {
    event.preventDefault()
    const text = line.value
    line.value = ''
    if (name) {
      socket.send(JSON.stringify({ type: 'message', from: name, text }))
    } else {
      name = text
      line.placeholder = 'Your message'
    }
  }
}

begin()
