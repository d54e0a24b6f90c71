-- Sends each line of a file as the Cookie header in turn, so that no two requests under way share a session.
local requests = {}
local position = 0

function init(args)
  for line in io.lines(args[1]) do
    local headers = {}
    if line ~= "" then headers["Cookie"] = line end
    requests[#requests + 1] = wrk.format("GET", nil, headers)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end
